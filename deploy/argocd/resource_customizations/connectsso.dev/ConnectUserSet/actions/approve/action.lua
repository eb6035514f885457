-- Lets exactly the list go that is held now: a list that changes has another hash.
if obj.status == nil or obj.status.pending == nil or obj.status.pending.hash == nil then
  return obj
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["connectsso.dev/approve"] = obj.status.pending.hash
return obj
