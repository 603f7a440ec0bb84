-- Buildings by their distance on the ellipsoid, nearest first.
create index building_by_nearness on building using gist ((footprint::geography)) where deleted is null;
