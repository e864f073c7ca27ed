import SkiffBinary
import SkiffHDF5Index

/// The variables of a model, found in a file by their layers.
struct KerasWeights {
  /// Where one variable is.
  struct Stored {
    /// Its path in the HDF5 file.
    let path: String
    let dataset: HDF5Index.Dataset
  }

  private var stored: [String: [String: Stored]] = [:]
  /// The layers whose weights the file has under other names, in the order of both.
  let renamed: [(layer: String, group: String)]

  /// Finds every variable of `model` in `file`.
  ///
  /// - Parameter isOwn: Whether the file holds the model's architecture too, so that nothing can be swapped.
  /// - Throws: ``ModelError/Code/malformed`` with a note for each variable that is missing, superfluous or that belongs
  ///   to another layer.
  init(of model: VariableOwner, in file: HDF5Index, isOwn: Bool) throws(ModelError) {
    var finder = WeightFinder(file: file, isOwn: isOwn)
    if let root = Self.legacyRoot(of: file) {
      finder.findLegacy(model, root: root)
    } else {
      finder.findNumbered(model)
    }
    guard finder.complaints.isEmpty else {
      throw ModelError(
        .malformed, "the weights do not fit the model", notes: finder.complaints.map(\.description))
    }
    stored = finder.stored
    renamed = finder.renamed
  }

  /// The variable `name` of the layer at `path`.
  subscript(path: String, name: String) -> Stored? { stored[path]?[name] }

  /// The group with the attribute `layer_names`, which files in the format of Keras 2 have; nil for others.
  private static func legacyRoot(of file: HDF5Index) -> String? {
    ["model_weights", ""].first { !(file.texts("layer_names", of: $0) ?? []).isEmpty }
  }
}

/// Looks for the variables of layers and collects what does not fit.
struct WeightFinder {
  /// What is wrong with a layer.
  struct Complaint: CustomStringConvertible {
    let description: String

    init(_ owner: VariableOwner, _ text: String) {
      description = "layer '\(owner.path)' (\(owner.className)): \(text)"
    }

    init(_ text: String) { description = text }
  }

  let file: HDF5Index
  let isOwn: Bool
  var stored: [String: [String: KerasWeights.Stored]] = [:]
  var complaints: [Complaint] = []
  var renamed: [(layer: String, group: String)] = []

  mutating func store(_ slot: VariableOwner.Slot, _ path: String) {
    guard let dataset = file.datasets[path] else {
      if slot.variable.isOptional { return }
      complaints.append(Complaint(slot.owner, "its variable '\(slot.variable.name)' is missing"))
      return
    }
    stored[slot.owner.path, default: [:]][slot.variable.name] = KerasWeights.Stored(
      path: path, dataset: dataset)
  }
}

extension HDF5Index {
  /// A list of texts that Keras splits over `name0`, `name1`, … where it is too long for one attribute.
  ///
  /// An empty list is stored as numbers. Nil if there is no such attribute.
  func texts(_ name: String, of path: String) -> [String]? {
    guard let attributes = attributes[path] else { return nil }
    switch attributes[name] {
    case .strings(let values): return values
    case .numbers([]), .integers([]): return []
    default: break
    }
    var values: [String] = []
    var index = 0
    while case .strings(let part) = attributes["\(name)\(index)"] {
      values += part
      index += 1
    }
    return index == 0 ? nil : values
  }
}
