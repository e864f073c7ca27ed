import ArgumentParser
import Skiff
import SkiffBinary

/// How models are read, the same for every command.
struct ModelOptions: ParsableArguments {
  @Option(name: .customLong("weights"), help: "A file with the weights of the architecture (Keras).")
  var weights: String?

  @Option(
    name: .customLong("hdf5-helper"), help: "The program skiff-hdf5, if it is not beside this one or in PATH."
  )
  var hdf5Helper: String?

  @Option(
    name: .customLong("input-shape"),
    help: "Fixes an input's sizes: name=1,3,224,224 or name=1x3x224x224. May be repeated.")
  var inputShapes: [InputShape] = []

  @Option(
    help: "The memory that the command may allocate, in bytes or with K, M or G; mapped files do not count.")
  var maxMemory: ByteCount?

  /// Refuses to write over what is read, and two things to one file.
  ///
  /// - Parameters:
  ///   - written: The paths of the files that a command writes.
  ///   - read: Those that it reads, beside the weights of the model.
  /// - Throws: ``ModelError/Code/invalidArgument``.
  func refuse(writing written: [String?], over read: [String?]) throws(ModelError) {
    func identity(_ path: String) -> FileIdentity? { (try? ByteRegion(mapping: path))?.file?.identity }
    let sources = (read + [weights]).compactMap { $0.flatMap(identity) }
    let paths = written.compactMap(\.self)
    for (index, path) in paths.enumerated() {
      let file = identity(path)
      if let file, sources.contains(file) {
        throw ModelError(
          .invalidArgument, "would replace its source, which would be lost", at: Location(file: path))
      }
      if paths[..<index].contains(where: { $0 == path || file != nil && identity($0) == file }) {
        throw ModelError(
          .invalidArgument, "would be written twice, and one of both lost", at: Location(file: path))
      }
    }
  }

  /// The model at `path`.
  func model(at path: String, verifiesContents: Bool = true) throws(ModelError) -> Model {
    var options = ReadingOptions()
    options.verifiesContents = verifiesContents
    options.weights = weights
    options.hdf5Helper = hdf5Helper
    let shapes = Dictionary(inputShapes.map { ($0.name, $0.sizes) }, uniquingKeysWith: { $1 })
    return try Model(contentsOf: path, options: options, inputShapes: shapes)
  }
}

/// `name=1,3,224,224`.
struct InputShape: ExpressibleByArgument {
  let name: String
  let sizes: [Int]

  init?(argument: String) {
    guard let separator = argument.lastIndex(of: "=") else { return nil }
    name = String(argument[..<separator])
    let text = argument[argument.index(after: separator)...]
    let parts = text.split(separator: text.contains("x") ? "x" : ",", omittingEmptySubsequences: false)
    let sizes = parts.compactMap { Int($0) }
    guard sizes.count == parts.count, sizes.allSatisfy({ $0 >= 0 }) else { return nil }
    self.sizes = sizes
  }
}
