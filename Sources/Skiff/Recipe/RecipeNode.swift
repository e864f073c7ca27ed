import SkiffBinary
import Yams

/// A part of a recipe's text, and where it is.
struct RecipeNode {
  private let node: Yams.Node
  private let place: String

  /// Reads a text.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if it is no YAML.
  init(parsing text: String) throws(ModelError) {
    let root: Yams.Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw ModelError(.malformed, "\(error)".split(separator: "\n").joined(separator: " "))
    }
    guard let root else { throw ModelError(.malformed, "is empty") }
    (node, place) = (root, "recipe")
  }

  private init(_ node: Yams.Node, _ place: String) { (self.node, self.place) = (node, place) }

  /// An error about this part.
  func error(_ message: String) -> ModelError {
    let line = node.mark.map { "line \($0.line), column \($0.column): " } ?? ""
    return ModelError(.invalidArgument, "\(line)'\(place)' \(message)")
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

  /// One of some texts, perhaps with a number behind it: `block 32`.
  func choice(_ known: [String]) throws(ModelError) -> (name: String, number: Double?) {
    let words = try text().split(separator: " ").map(String.init)
    let number = words.count > 1 ? Double(words[1]) : nil
    guard let name = words.first, known.contains(name), words.count == (number == nil ? 1 : 2) else {
      throw error("must be \(known.joined(separator: " or "))")
    }
    return (name, number)
  }
}
