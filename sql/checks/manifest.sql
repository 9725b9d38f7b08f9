-- severity: error
-- sentence: {n} {files are|file is} not fully accounted for: read is not loaded + rejected + duplicate.
select path, "read", loaded, rejected, duplicate
from meta.file_manifest
where "read" <> loaded + rejected + duplicate
