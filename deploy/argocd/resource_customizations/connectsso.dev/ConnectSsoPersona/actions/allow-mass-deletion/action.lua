-- Allows, once, the removals that the mass-deletion guard has halted.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/allow-mass-deletion"] = os.date("!%Y-%m-%dT%XZ")
return obj
