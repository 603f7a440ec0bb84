-- Who asks for bytes names them by their hash.
create index attachment_by_sha256 on "attachment" (building_id, sha256) where deleted is null;
