local suspended = obj.spec.suspend == true
local held = false
if obj.status ~= nil and obj.status.pending ~= nil and obj.status.pending.hash ~= nil and obj.spec.mode ~= "Plan" then
  held = true
end
return {
  -- The list is in status.pending, and connect-sso people shows all of it.
  ["approve"] = { disabled = suspended or not held },
  ["reconcile"] = { disabled = suspended },
  ["suspend"] = { disabled = suspended },
  ["resume"] = { disabled = not suspended },
}
