import ArgumentParser
import Skiff
import SkiffBinary

/// `skiff run model --input in.npz --output out.npz`.
struct Run: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs a model on samples and writes its outputs.")

  @Argument(help: "The model to run.") var model: String
  @OptionGroup var modelOptions: ModelOptions
  @Option(help: "Samples (.npz by input name, or .npy), batch first.") var input: String
  @Option(help: "How many samples to run at a time where the first axis is open; by default all at once.")
  var batchSize: Int?
  @Option(help: "The .npz file to write; arrays have the names of the outputs.") var output: String
  @Flag(help: "Runs every operator in the plainest way.") var reference = false
  @Flag(help: "Prints JSON.") var json = false

  var writtenFile: String? { output }

  func validate() throws {
    guard output.lowercased().hasSuffix(".npz") else {
      throw ValidationError("--output takes a name that ends in .npz.")
    }
  }

  func run() throws {
    try modelOptions.refuse(writing: [output], over: [model, input])
    let model = try modelOptions.model(at: model)
    let outputs = try model.outputs(
      for: Samples(contentsOf: input), batchSize: batchSize, usesReferenceKernels: reference)
    try Samples.write(outputs, to: output)
    guard json else {
      for (name, tensor) in outputs { print("\(name): \(tensor.type)") }
      return
    }
    let rows = outputs.map { name, tensor in
      JSONText.object([
        ("name", .text(name)), ("dataType", .text(tensor.dataType.rawValue)),
        ("shape", .list(tensor.shape.map(JSONText.integer))),
      ])
    }
    print(JSONText.object([("output", .text(output)), ("outputs", .list(rows))]))
  }
}
