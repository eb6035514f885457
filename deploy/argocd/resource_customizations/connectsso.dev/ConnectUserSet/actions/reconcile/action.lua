-- Looks at the clouds now instead of at the next poll.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/reconcile"] = os.date("!%Y-%m-%dT%XZ")
return obj
