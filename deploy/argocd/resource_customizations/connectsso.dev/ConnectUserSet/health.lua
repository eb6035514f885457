-- connectsso.dev follows kstatus: observedGeneration, Ready, Reconciling and Stalled from the first write of the status.
-- Base functions only: scripts of argocd-cm run without the string library.
local function condition(kind)
  if obj.status == nil or obj.status.conditions == nil then
    return nil
  end
  for _, one in ipairs(obj.status.conditions) do
    if one.type == kind then
      return one
    end
  end
  return nil
end

local function isTrue(kind)
  local found = condition(kind)
  return found ~= nil and found.status == "True"
end

local function says(status, kind)
  local found = condition(kind)
  local message = ""
  if found ~= nil then
    message = found.reason .. ": " .. found.message
  end
  return { status = status, message = message }
end

local spec = obj.spec or {}

if obj.metadata.deletionTimestamp ~= nil then
  -- Removals that are held back, or that cannot be done, wait for a person.
  if isTrue("Stalled") then
    return says("Degraded", "Stalled")
  end
  local ready = says("Progressing", "Ready")
  ready.message = "Being deleted. " .. ready.message
  return ready
end
if spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is true: nothing is checked or changed" }
end
if obj.status == nil or obj.status.observedGeneration == nil then
  return { status = "Progressing", message = "Waiting for the controller" }
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The newest spec has not been reconciled yet" }
end
-- A list that is held waits for a person: the action approve. A source that cannot be read, or is empty, is Stalled as well.
if isTrue("Stalled") then
  return says("Degraded", "Stalled")
end
if isTrue("Ready") then
  return says("Healthy", "Ready")
end
return says("Progressing", "Ready")
