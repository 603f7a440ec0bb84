-- A transaction that a copied disk sends again is known by its stamp.
create index change_log_by_stamp on change_log (scope, stamp);
