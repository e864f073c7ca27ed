import SkiffIR

/// Whom settings of a step are for.
public enum SettingScope: Hashable, Sendable {
  /// All nodes of an operator, by its name in the catalog.
  case operators(String)
  /// Nodes of a name, or that compute a node of the source of that name, or constants of that name; `*` stands for any characters.
  case names(String)
}

extension SettingScope {
  /// The name or pattern.
  var pattern: String {
    switch self {
    case .operators(let name), .names(let name): name
    }
  }

  private var rank: Int {
    switch self {
    case .operators: 0
    case .names: 1
    }
  }

  /// Whether something is meant that is used by some operators and has some names.
  func fits(operators: [String], names: [String]) -> Bool {
    switch self {
    case .operators(let name): operators.contains(name)
    case .names(let pattern): names.contains { $0.fits(pattern) }
    }
  }

  /// The one of several scopes that goes: names before operators, then the last one in the order of the alphabet.
  static func last(of scopes: [SettingScope]) -> SettingScope? {
    scopes.max { ($0.rank, $0.pattern) < ($1.rank, $1.pattern) }
  }
}

extension String {
  /// Whether the text is a pattern's, in which `*` stands for any characters.
  fileprivate func fits(_ pattern: String) -> Bool {
    let (text, pattern) = (Array(utf8), Array(pattern.utf8))
    var (place, next) = (0, 0)
    // Behind the last star, and up to where it reaches: only the last one is ever to be made longer.
    var star: (next: Int, reach: Int)?
    while place < text.count {
      if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
        next += 1
        star = (next, place)
      } else if next < pattern.count, pattern[next] == text[place] {
        (place, next) = (place + 1, next + 1)
      } else if let last = star {
        star = (last.next, last.reach + 1)
        (place, next) = (last.reach + 1, last.next)
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
