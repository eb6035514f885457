-- Deletes the Connect user and makes it anew: for a login that fails though everything is right. Its history stays with the old one.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/recreate"] = os.date("!%Y-%m-%dT%XZ")
return obj
