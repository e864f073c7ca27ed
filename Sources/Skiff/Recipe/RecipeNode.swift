import SkiffBinary
import Yams

/// A part of a recipe's text, and where it is.
struct RecipeNode {
  private let node: Yams.Node
  private let place: String

  /// The most bytes of a text.
  static let longestText = 1 << 18

  /// Reads a text.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if it is no YAML, or has an anchor.
  init(parsing text: String) throws(ModelError) {
    guard text.utf8.count <= Self.longestText else {
      throw ModelError(.malformed, "has more than \(Self.longestText) bytes")
    }
    try Self.refuseAnchors(in: text)
    let root: Yams.Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw Self.located(error)
    }
    guard let root else { throw ModelError(.malformed, "is empty") }
    (node, place) = (root, "recipe")
  }

  private init(_ node: Yams.Node, _ place: String) { (self.node, self.place) = (node, place) }

  /// A text of a few lines whose parts are named, and named again in others, says as much as no memory holds; what compares the
  /// parts has no end. Before a text is read, an anchor is an `&` that no letter or digit is before and no space behind.
  private static func refuseAnchors(in text: String) throws(ModelError) {
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "&") {
      let before = index > 0 ? Unicode.Scalar(bytes[index - 1]) : " "
      let behind = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: " ")
      if before.properties.isAlphabetic || ("0"..."9").contains(before) { continue }
      guard behind > UInt8(ascii: " ") else { continue }
      let line = bytes[..<index].count { $0 == UInt8(ascii: "\n") } + 1
      throw ModelError(.malformed, "recipes have no anchors", at: Location(line: line))
    }
  }

  /// What the parser says, where it says it.
  private static func located(_ error: any Error) -> ModelError {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ModelError(.malformed, problem, at: Location(mark))
    case .duplicatedKeysInMapping(let keys, let context):
      ModelError(.malformed, "'\((keys.first ?? "").prefix(100))' is said twice", at: Location(context.mark))
    case .reader(let problem, _, _, _): ModelError(.malformed, problem)
    default: ModelError(.malformed, "is no YAML")
    }
  }

  /// An error about this part.
  func error(_ message: String) -> ModelError {
    ModelError(
      .invalidArgument, "'\(place.prefix(100))' \(message)", at: node.mark.map(Location.init) ?? Location())
  }

  /// The members of a mapping.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if it is none, or has a member that is not among `known`, if those are given.
  func members(_ known: [String]? = nil) throws(ModelError) -> [(key: String, value: RecipeNode)] {
    guard let mapping = node.mapping else { throw error("must be a mapping") }
    var members: [(String, RecipeNode)] = []
    for (key, value) in mapping {
      guard let name = key.string else { throw error("has a key that is no text") }
      if let known, !known.contains(name) {
        throw RecipeNode(key, name).error("is not known here; known are \(known.joined(separator: ", "))")
      }
      members.append((name, RecipeNode(value, name)))
    }
    return members
  }

  /// The elements of a list.
  func elements() throws(ModelError) -> [RecipeNode] {
    guard let sequence = node.sequence else { throw error("must be a list") }
    return sequence.enumerated().map { RecipeNode($1, "\(place) \($0 + 1)") }
  }

  func text() throws(ModelError) -> String {
    guard let text = node.string else { throw error("must be a text") }
    return text
  }

  func integer(in range: ClosedRange<Int>) throws(ModelError) -> Int {
    guard let value = node.int, range.contains(value) else {
      throw error("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func real(in range: ClosedRange<Double>) throws(ModelError) -> Double {
    guard let value = node.float, range.contains(value) else {
      throw error("must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func boolean() throws(ModelError) -> Bool {
    guard let value = node.bool else { throw error("must be true or false") }
    return value
  }

  /// One of some texts; those of `counted` have a number behind them: `block 32`.
  func choice(_ known: [String], counted: [String] = []) throws(ModelError) -> (name: String, number: Double)
  {
    let words = try text().split(separator: " ").map(String.init)
    if let name = words.first {
      if known.contains(name), words.count == 1 { return (name, 0) }
      if counted.contains(name), words.count == 2, let number = Double(words[1]) { return (name, number) }
    }
    let all = known + counted.map { "\($0) and a number" }
    throw error("must be \(all.joined(separator: " or "))")
  }
}

extension Location {
  fileprivate init(_ mark: Mark) { self.init(line: mark.line, column: mark.column) }
}
