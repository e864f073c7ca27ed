import SkiffIR

/// What names stand for while a graph is imported: innermost functions and bodies last.
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
    let kind: Kind
  }

  /// What opens a scope.
  enum Kind {
    /// A function, which sees nothing around it.
    case function
    /// A branch whose nodes go to the same graph; it sees all around it.
    case branch
    /// A body with a graph of its own; it sees all around it.
    case body
  }

  private var scopes = [Scope(kind: .function)]

  /// The number of scopes that enclose each other.
  var depth: Int { scopes.count }

  mutating func open(_ kind: Kind) { scopes.append(Scope(kind: kind)) }

  mutating func close() { scopes.removeLast() }

  /// What a name stands for and how many bodies further out, nil if it is not known.
  func find(_ name: String) -> (entry: Entry, bodies: Int)? {
    var bodies = 0
    for scope in scopes.reversed() {
      if let entry = scope.entries[name] { return (entry, bodies) }
      switch scope.kind {
      case .function: return nil
      case .branch: continue
      case .body: bodies += 1
      }
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
      if case .function = scopes[index].kind { return }
    }
  }

  private mutating func set(_ name: String, _ entry: Entry) -> Bool {
    guard let last = scopes.indices.last, scopes[last].entries[name] == nil else { return false }
    scopes[last].entries[name] = entry
    return true
  }
}
