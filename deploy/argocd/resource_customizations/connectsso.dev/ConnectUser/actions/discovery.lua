local suspended = obj.spec.suspend == true
return {
  ["reconcile"] = { disabled = suspended },
  -- Nothing is deleted that was never made.
  ["recreate"] = { disabled = suspended or obj.status == nil or obj.status.connectUserId == nil },
  ["suspend"] = { disabled = suspended },
  ["resume"] = { disabled = not suspended },
}
