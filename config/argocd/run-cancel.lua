-- Stops the run and keeps its work.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["agent.xonovex.com/cancel"] = "true"
return obj
