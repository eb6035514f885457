local function isTrue(kind)
  if obj.status == nil or obj.status.conditions == nil then
    return false
  end
  for _, one in ipairs(obj.status.conditions) do
    if one.type == kind then
      return one.status == "True"
    end
  end
  return false
end

local suspended = obj.spec.suspend == true
local delivery = obj.spec.roleDelivery or {}
return {
  ["reconcile"] = { disabled = suspended },
  -- Only with mode Provisioning is there a key.
  ["rotate-key"] = { disabled = suspended or delivery.mode ~= "Provisioning" },
  ["rotate-certificate"] = { disabled = suspended },
  ["allow-mass-deletion"] = { disabled = not isTrue("RemovalsHalted") },
  ["suspend"] = { disabled = suspended },
  ["resume"] = { disabled = not suspended },
}
