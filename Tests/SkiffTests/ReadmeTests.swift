import Foundation
import SkiffTestSupport
import Testing

/// The README's five lines are those of the example, which `Scripts/test` builds and runs.
@Suite struct ReadmeTests {
  @Test func itsLinesAreTheExamples() throws {
    let readme = try String(contentsOfFile: Checkout.path("README.md"), encoding: .utf8)
    let example = try String(
      contentsOfFile: Checkout.path("Examples/Sources/Convert/main.swift"), encoding: .utf8)
    let block = try #require(readme.components(separatedBy: "```swift\n").dropFirst().first)
    let lines = try #require(block.components(separatedBy: "```").first).split(separator: "\n")
    let names = [
      "\"mobilenet.onnx\"": "source", "\"samples.npz\"": "samples", "\"mobilenet.skiff\"": "target",
    ]
    #expect(lines.count == 5)
    for line in lines {
      var code = line.components(separatedBy: "//")[0].trimmingCharacters(in: .whitespaces)
      for (text, name) in names { code = code.replacingOccurrences(of: text, with: name) }
      #expect(example.split(separator: "\n").contains(Substring(code)), "\(line)")
    }
  }
}
