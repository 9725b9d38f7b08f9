-- severity: error
-- sentence: {n} {files are|file is} not fully accounted for: read is not loaded + rejected + duplicate, or not every rejected record is listed.
-- advice: Remove the folder landing of the warehouse and build again: the files are then read anew.
-- Each number is counted by itself: records read when the file was, loaded in the tables that later stages read.
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
