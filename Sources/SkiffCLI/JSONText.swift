/// A JSON value that prints itself; members stay in the order in which they are given.
indirect enum JSONText: CustomStringConvertible {
  case null
  case boolean(Bool)
  case integer(Int)
  case real(Double)
  case text(String)
  case list([JSONText])
  case object([(String, JSONText)])

  var description: String { lines(indentation: "") }

  private func lines(indentation: String) -> String {
    let inner = indentation + "  "
    switch self {
    case .null: return "null"
    case .boolean(let boolean): return "\(boolean)"
    case .integer(let integer): return "\(integer)"
    // JSON has no infinities; a program reads null as "not a finite number".
    case .real(let real): return real.isFinite ? "\(real)" : "null"
    case .text(let text): return Self.quoted(text)
    case .list(let elements):
      guard !elements.isEmpty else { return "[]" }
      let body = elements.map { inner + $0.lines(indentation: inner) }.joined(separator: ",\n")
      return "[\n\(body)\n\(indentation)]"
    case .object(let members):
      guard !members.isEmpty else { return "{}" }
      let body = members.map { "\(inner)\(Self.quoted($0)): \($1.lines(indentation: inner))" }.joined(
        separator: ",\n")
      return "{\n\(body)\n\(indentation)}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
