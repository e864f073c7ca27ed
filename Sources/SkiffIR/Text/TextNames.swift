/// A value's name in the text form: `%conv`, `%"a name"`, `%conv#1` for the second of that name, `%0` without one.
struct TextName: Hashable {
  /// The name in the graph; may be empty.
  var name: String
  /// How many values of the same name come before it.
  var number: Int
}

extension TextName: CustomStringConvertible {
  var description: String {
    if name.isEmpty { return "%\(number)" }
    return "%\(name.asTextName)" + (number == 0 ? "" : "#\(number)")
  }
}

extension Graph {
  /// Names for all values, counted in the order in which the text form defines them.
  func textNames() -> [ValueID: TextName] {
    var counts: [String: Int] = [:]
    var names: [ValueID: TextName] = [:]
    for id in inputs + constantIDs + states.map(\.value) + nodeIDs.flatMap({ self[$0].outputs }) {
      let name = self[id].name
      names[id] = TextName(name: name, number: counts[name, default: 0])
      counts[name, default: 0] += 1
    }
    return names
  }
}

extension String {
  /// The text itself if it is a plain identifier (ASCII letters, digits, `_` and `.`, no digit or dot first), else quoted.
  package var asTextName: String {
    guard let first = utf8.first, first.isTextNameStart, utf8.allSatisfy(\.isTextNamePart) else {
      return quoted
    }
    return self
  }
}

extension UInt8 {
  var isTextNameStart: Bool {
    switch self {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
    default: false
    }
  }

  var isTextNamePart: Bool { isTextNameStart || isDigit || self == UInt8(ascii: ".") }

  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
