-- A new access key for Entra, checked before the old one goes.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/rotate-key"] = os.date("!%Y-%m-%dT%XZ")
return obj
