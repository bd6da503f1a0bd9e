-- Health of an AgentRun, AgentWorkspace, AgentProvider, AgentConfig or AgentSchedule, by the same conditions as kstatus.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function says(health, condition)
  condition = condition or {}
  local message = condition.message or ""
  if condition.reason ~= nil then
    message = condition.reason .. ": " .. message
  end
  return { status = health, message = message }
end

local function isTrue(condition)
  return condition ~= nil and condition.status == "True"
end

-- No operator has seen this generation yet.
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Waits for the operator" }
end
if isTrue(conditions.Reconciling) then
  return says("Progressing", conditions.Reconciling)
end
if isTrue(conditions.Stalled) then
  return says("Degraded", conditions.Stalled)
end
if obj.kind == "AgentSchedule" and obj.spec.suspend == true then
  return says("Suspended", conditions.Ready)
end
local last = conditions.Finished or conditions.Ready
if isTrue(last) then
  return says("Healthy", last)
end
return says("Progressing", last)
