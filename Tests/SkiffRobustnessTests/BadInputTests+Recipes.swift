import SkiffTestSupport

/// `skiff compress` with recipes and samples that cannot be.
extension BadInputTests {
  private static let feedback =
    "skiff: 1\nsteps:\n- weights: {integers: {bits: 4}, least: 1, feedback: true}\n"

  private static func compress(
    _ name: String, recipe: String = feedback, samples: [UInt8]? = good,
    model: [UInt8] = weighted([0.5, 1, -1, 2]),
    exits exitCode: Int32 = 1, _ message: String
  ) -> Case {
    var files = ["a.onnx": model, "r.recipe": Array(recipe.utf8)]
    if let samples { files["s.npy"] = samples }
    return Case(
      name,
      "compress @a.onnx -o @out.skiff --recipe @r.recipe" + (samples == nil ? "" : " --calibrate @s.npy"),
      files,
      exits: exitCode, message)
  }

  private static let int8 = "skiff: 1\nsteps: [int8: {}]"

  static let recipes: [Case] = [
    Case("no such recipe", "compress @a.onnx -o @out.skiff --recipe int9", ["a.onnx": relu], "int9: "),
    Case(
      "a folder as recipe", "compress @a.onnx -o @out.skiff --recipe @r", ["a.onnx": relu, "r/": []],
      "@r: is not a regular file"
    ),
    Case("no recipe", "compress @a.onnx -o @out.skiff", ["a.onnx": relu], exits: 64, ""),
    Case("no format", "compress @a.onnx -o @out.xyz --recipe int4-weights", ["a.onnx": relu], "@out.xyz: "),
    compress("a recipe that is a model", recipe: "\u{1}\0\u{2}", "@r.recipe: "),
    compress("a recipe of nothing", recipe: "", "@r.recipe: is empty"),
    compress(
      "a recipe with a mistake", recipe: feedback.replacing("bits", with: "bit"),
      "@r.recipe:3:24: 'bit' is not known"),
    compress("a recipe of brackets", recipe: String(repeating: "[", count: 100_000), "@r.recipe:1:"),
    compress(
      "a recipe for others", recipe: feedback.replacing("least: 1", with: "names: {nobody: keep}"),
      "@a.onnx: no weights belong to 'nobody'"),
    compress(
      "a recipe that excludes nobody", recipe: int8.replacing("{}", with: "{exclude: [nobody]}"),
      "@a.onnx: there is no node 'nobody'"),
    compress("no samples for a recipe that looks at some", samples: nil, exits: 64, ""),
    compress("no samples for int8", recipe: int8, samples: nil, exits: 64, ""),
    compress("samples that are not there", samples: npy([], shape: [0, 4]), "@s.npy: "),
    compress("samples of another shape", samples: npy([1, 2, 3], shape: [1, 3]), "@s.npy: tensor 'x'"),
    compress("samples that are noise", samples: [UInt8](0...200), "@s.npy: "),
    compress(
      "feedback of a NaN", samples: npy([1, 2, 3, 4, 1, .nan, 3, 4], shape: [2, 4]),
      "@a.onnx: attribute 'sample 1', tensor 'x': "),
    compress(
      "feedback of an infinity", samples: npy([1, -.infinity, 3, 4], shape: [1, 4]),
      "@a.onnx: attribute 'sample 0', tensor 'x': "),
    compress("int8 of a NaN", recipe: int8, samples: npy([1, 2, .nan, 4], shape: [1, 4]), "'x'"),
    compress("weights to be rounded with a NaN", model: weighted([1, .nan, 2, 3]), "@a.onnx: tensor 'w'"),
    compress(
      "weights to be rounded with an infinity", model: weighted([1, .infinity, 2, 3]), "@a.onnx: tensor 'w'"),
    compress(
      "weights beyond float16", recipe: "skiff: 1\nsteps: [weights: {float: float16, least: 1}]",
      model: weighted([1, 1e5, 2, 3]),
      "@a.onnx: tensor 'w': a weight is too large for float16"),
  ]
}
