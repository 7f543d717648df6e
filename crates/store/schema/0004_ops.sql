-- When the text that a flag kept as evidence was deleted because its time was over.
alter table flags add column text_gone_ms $INT;
create index flags_by_kept_text on flags (created_ms) where blocked_content is not null;
