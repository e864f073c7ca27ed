import SkiffIR

/// What names stand for while a graph is imported: innermost functions and subgraphs last.
struct Scopes {
  /// A tensor of the file that nobody has used yet.
  enum Tensor {
    case dense(ONNXTensor)
    case sparse(ONNXSparseTensor)
  }

  /// What a name stands for.
  enum Entry {
    case value(ValueID)
    case tensor(Tensor)
  }

  private struct Scope {
    var entries: [String: Entry] = [:]
    /// Whether names of the scopes around are visible, as in a branch but not in a function.
    let isOpen: Bool
  }

  private var scopes = [Scope(isOpen: false)]

  /// The number of scopes that enclose each other.
  var depth: Int { scopes.count }

  mutating func open(seesOuter: Bool) { scopes.append(Scope(isOpen: seesOuter)) }

  mutating func close() { scopes.removeLast() }

  /// What a name stands for, nil if it is not known.
  func find(_ name: String) -> Entry? {
    for scope in scopes.reversed() {
      if let entry = scope.entries[name] { return entry }
      if !scope.isOpen { return nil }
    }
    return nil
  }

  /// Gives a tensor its name; false if the innermost scope has the name already.
  mutating func declare(_ name: String, _ tensor: Tensor) -> Bool { set(name, .tensor(tensor)) }

  /// Gives a value its name; false if the innermost scope has the name already.
  mutating func define(_ name: String, _ value: ValueID) -> Bool { set(name, .value(value)) }

  /// Remembers the constant that a tensor became, in the scope that declares it.
  mutating func resolve(_ name: String, to value: ValueID) {
    for index in scopes.indices.reversed() {
      if scopes[index].entries[name] != nil {
        scopes[index].entries[name] = .value(value)
        return
      }
      if !scopes[index].isOpen { return }
    }
  }

  private mutating func set(_ name: String, _ entry: Entry) -> Bool {
    guard let last = scopes.indices.last, scopes[last].entries[name] == nil else { return false }
    scopes[last].entries[name] = entry
    return true
  }
}
