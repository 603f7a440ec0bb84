-- Whoever delivers asks for what is due to one endpoint.
create index webhook_delivery_waiting on webhook_delivery (endpoint_id, next_try_at) where next_try_at is not null;
