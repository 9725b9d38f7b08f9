-- severity: error
-- sentence: {n} {files are|file is} not fully accounted for: read is not loaded + rejected + duplicate, or not every rejected record is listed.
-- advice: Remove the folder landing of the warehouse and build again: the files are then read again.
-- The numbers are counted independently: records when the file is read, loaded rows in the landing tables.
with listed as (
    select file_id, count(*) as records from meta.reject group by file_id
)

select
    manifest.path,
    manifest."read",
    manifest.loaded,
    manifest.rejected,
    manifest.duplicate,
    coalesce(listed.records, 0) as rejects_listed
from meta.file_manifest as manifest
left join listed on listed.file_id = manifest.file_id
where manifest."read" <> manifest.loaded + manifest.rejected + manifest.duplicate
    or manifest.rejected <> coalesce(listed.records, 0)
