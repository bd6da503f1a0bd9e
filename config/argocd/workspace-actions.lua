-- A failed clone can be done again.
return { retry = { disabled = (obj.status or {}).phase ~= "Failed" } }
