-- A run can be cancelled until it has ended, and be done again after that. Argo CD gives no library to cut a name with:
-- one of more than 47 characters leaves no room for the time.
local phase = (obj.status or {}).phase or "Pending"
local finished = phase == "Succeeded" or phase == "Failed" or phase == "TimedOut"
return {
  cancel = { disabled = finished },
  retry = { disabled = not finished or #obj.metadata.name > 47 },
}
