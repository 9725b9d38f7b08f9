-- severity: warning
-- sentence: {n} {sites of agents have|site of agents has} no [sites] entry; {their|its} weeks begin in the project's time zone.
-- advice: Say where {they lie|it lies}: [sites."NAME"] timezone = "...".
-- A project with a single, unlisted site has one time zone anyway.
with places as (
    select distinct place.site
    from core.place as place
    where place.is_agent and place.site <> 'unknown'
)

select places.site, parameter.default_zone
from places
cross join staging.parameter as parameter
left join staging.site_zone as site_zone on site_zone.site = places.site
where site_zone.site is null
    and ((select count(*) from places) > 1 or (select count(*) from staging.site_zone) > 0)
