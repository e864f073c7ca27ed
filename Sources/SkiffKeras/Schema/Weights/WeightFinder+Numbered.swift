import SkiffHDF5Index

extension WeightFinder {
  /// Files in the format of Keras 3: the variables of a layer are the datasets `0`, `1`, … of its group `vars`, and the
  /// layers of a model are called after their classes, counted: `layers/conv2d`, `layers/conv2d_1`.
  mutating func findNumbered(_ model: VariableOwner) {
    var used: Set<String> = []
    var names: [String: String] = [:]
    find(model, at: "", isRoot: true, used: &used, names: &names)
    for path in file.datasets.keys.sorted() where !used.contains(path) && isOfModel(path) {
      complaints.append(Complaint("'\(path)' is no variable of the model"))
    }
    guard !isOwn else { return }
    // The file says the names of its layers: one that belongs to another layer of the model shows an exchange.
    let known = model.namesInside
    for (owner, name) in names.sorted(by: { $0.key < $1.key }) where known.contains(name) {
      let expected = owner.split(separator: "/").last.map(String.init) ?? owner
      if expected != name {
        complaints.append(Complaint("layer '\(owner)' has the variables of the layer '\(name)'"))
      }
    }
  }

  /// State of the optimizer and of random generators is not part of the model.
  private func isOfModel(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard let first = parts.first, ["layers", "_layer_checkpoint_dependencies", "vars"].contains(first) else {
      return false
    }
    return !parts.contains { $0 == "seed_generator" || $0 == "_random_generator" }
  }

  private mutating func find(
    _ owner: VariableOwner, at group: String, isRoot: Bool, used: inout Set<String>,
    names: inout [String: String]
  ) {
    let variables = join(group, "vars")
    for (index, variable) in owner.storedOrder.enumerated() {
      let path = join(variables, "\(index)")
      used.insert(path)
      store((owner, variable), path)
    }
    if !isRoot, !owner.variables.isEmpty, let name = file.string("name", of: variables) {
      names[owner.path] = name
    }
    // Keras 2.13 wrote the layers of a model under another name.
    let container =
      ["layers", "_layer_checkpoint_dependencies"].map { join(group, $0) }.first(where: file.groups.contains)
      ?? join(group, "layers")
    var counts: [String: Int] = [:]
    for child in owner.children {
      let path: String
      switch child.place {
      case .attribute(let name):
        // Keras 2 stores attributes that are not public under the names with which they are.
        let hidden = join(group, "_\(name)")
        path = file.groups.contains(hidden) ? hidden : join(group, name)
      case .list(let name): path = counted(child.owner, in: join(group, name), &counts)
      case .layers: path = counted(child.owner, in: container, &counts)
      }
      find(child.owner, at: path, isRoot: false, used: &used, names: &names)
    }
  }

  /// The group of a layer in a list, where layers are called after their classes and counted.
  private func counted(_ owner: VariableOwner, in list: String, _ counts: inout [String: Int]) -> String {
    let name = snakeCase(owner.className)
    let count = counts[name, default: 0]
    counts[name] = count + 1
    return join(list, count == 0 ? name : "\(name)_\(count)")
  }
}

/// `separable_conv2d` for `SeparableConv2D`: an underscore before each capital that starts a word, and between a small
/// letter and a capital.
func snakeCase(_ name: String) -> String {
  let letters = name.filter { $0.isLetter || $0.isNumber || $0 == "_" }.map(\.self)
  var words: [Character] = []
  for (index, letter) in letters.enumerated() {
    let startsWord = letter.isUppercase && index + 1 < letters.count && letters[index + 1].isLowercase
    let endsSmall = letter.isUppercase && index > 0 && letters[index - 1].isLowercase
    if index > 0, startsWord || endsSmall { words.append("_") }
    words.append(letter)
  }
  return String(words).lowercased()
}
