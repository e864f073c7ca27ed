// Quantizes a model to int8: swift run Convert mobilenet.onnx samples.npz mobilenet.skiff
import Skiff

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3 else { fatalError("usage: Convert <model> <samples.npz> <output>") }
let (source, samples, target) = (arguments[1], arguments[2], arguments[3])

var model = try Model(contentsOf: source)
let report = try model.compress(.int8(calibratedOn: Samples(contentsOf: samples)))
try model.write(to: target)
print(report)
