"""Raw answers held against botocore's own service model: members that it does not know, and required ones that are absent."""

import json
import xml.etree.ElementTree as ElementTree


def departures(operation, response):
    """Every way in which the body of a successful answer departs from the operation's output shape."""
    shape = operation.output_shape
    if shape is None:
        return []
    found = []
    if operation.metadata["protocol"] == "query":
        root = ElementTree.fromstring(response.content)
        namespace = root.tag[: root.tag.index("}") + 1]
        result = root.find(f"{namespace}{shape.serialization.get('resultWrapper', operation.name + 'Result')}")
        if result is None:
            return [f"{operation.name}: no result"] if shape.required_members else []
        _element(shape, result, operation.name, len(namespace), found)
    else:
        _value(shape, json.loads(response.content or b"{}"), operation.name, found)
    return found


def _value(shape, value, path, found):
    if shape.type_name == "structure":
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, inner in value.items():
            if name not in known:
                found.append(f"{path}.{name} is unknown")
            else:
                _value(known[name], inner, f"{path}.{name}", found)
        found += [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
    elif shape.type_name == "list":
        for inner in value:
            _value(shape.member, inner, f"{path}[]", found)
    elif shape.type_name == "map":
        for inner in value.values():
            _value(shape.value, inner, f"{path}.*", found)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        found.append(f"{path}: {value} is none of {shape.enum}")


def _element(shape, element, path, skip, found):
    if shape.type_name == "structure":
        names = [child.tag[skip:] for child in element]
        for child in element:
            name = child.tag[skip:]
            if name not in shape.members:
                found.append(f"{path}.{name} is unknown")
            else:
                _element(shape.members[name], child, f"{path}.{name}", skip, found)
        found += [f"{path}.{name} is missing" for name in shape.required_members if name not in names]
    elif shape.type_name == "list":
        for child in element:
            if child.tag[skip:] != "member":
                found.append(f"{path}: {child.tag[skip:]} instead of member")
            _element(shape.member, child, f"{path}[]", skip, found)
    elif shape.type_name == "map":
        for child in element:
            if [part.tag[skip:] for part in child] != ["key", "value"]:
                found.append(f"{path}: an entry without key and value")
