/// A piece of a page that is HTML and XML at once: text and attributes are escaped when they are written.
enum Markup {
  /// Characters as they are meant.
  case text(String)
  /// An element with its attributes.
  indirect case element(String, [(String, String)], [Markup])
  /// Markup that is written already, by Skiff itself.
  case written(String)

  /// An element that holds only text.
  static func element(_ name: String, _ text: String) -> Markup { .element(name, [], [.text(text)]) }

  /// A table with a header; cells of columns of numbers stand to the right.
  static func table(_ columns: [(title: String, isNumber: Bool)], _ rows: [[String]]) -> Markup {
    func row(_ kind: String, _ cells: [String]) -> Markup {
      .element(
        "tr", [],
        zip(columns, cells).map { .element(kind, $0.isNumber ? [("class", "n")] : [], [.text($1)]) })
    }
    return .element(
      "div", [("class", "wide")],
      [
        .element(
          "table", [],
          [
            .element("thead", [], [row("th", columns.map(\.title))]),
            .element("tbody", [], rows.map { row("td", $0) }),
          ])
      ])
  }

  /// The markup as a file has it.
  var description: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to result: inout String) {
    switch self {
    case .text(let text): result += text.escaped
    case .written(let markup): result += markup
    case .element(let name, let attributes, let content):
      result += "<\(name)"
      for (key, value) in attributes { result += " \(key)=\"\(value.escaped)\"" }
      guard !content.isEmpty || !Self.canBeEmpty(name) else {
        result += "/>"
        return
      }
      result += ">"
      for part in content { part.write(to: &result) }
      result += "</\(name)>"
    }
  }

  /// Browsers take other empty elements for open ones.
  private static func canBeEmpty(_ name: String) -> Bool { ["meta", "br", "path", "rect"].contains(name) }
}

extension String {
  /// The text as markup: nothing in it is taken for an element, an entity or the end of an attribute, and characters that XML
  /// does not have are replaced.
  fileprivate var escaped: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 32 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
