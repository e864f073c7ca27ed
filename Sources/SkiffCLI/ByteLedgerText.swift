import Skiff
import SkiffBinary

/// What `skiff inspect --bytes` shows.
struct ByteLedgerText {
  private let ledger: ByteLedger

  init(_ ledger: ByteLedger) { self.ledger = ledger }

  /// For people: two lines for each constant.
  var text: String {
    var lines: [String] = []
    for entry in ledger.entries {
      lines.append("'\(entry.name)': \(entry.type), \(count(entry.elements, "element"))")
      lines.append("  \(stored(entry))")
    }
    lines.append("\(count(ledger.entries.count, "tensor")): \(count(ledger.bytes, "byte"))")
    if let fileBytes = ledger.fileBytes { lines.append("file: \(count(fileBytes, "byte"))") }
    return lines.joined(separator: "\n")
  }

  private func stored(_ entry: ByteLedger.Entry) -> String {
    if let other = entry.sharedWith { return "\(entry.form): the bytes of '\(other)'" }
    var parts = ["\(entry.form): \(count(entry.bytes, "byte")), \(rounded(entry.bitsPerElement)) bits each"]
    if let entropy = entry.entropy { parts.append("entropy \(rounded(entropy))") }
    if let next = entry.next { parts.append("next best: \(next.form), \(count(next.bytes, "byte"))") }
    return parts.joined(separator: "; ")
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }

  /// For programs.
  var json: JSONText {
    .object([
      (
        "tensors",
        .list(
          ledger.entries.map { entry in
            .object([
              ("name", .text(entry.name)), ("type", .text(entry.type)),
              ("elements", .integer(entry.elements)),
              ("form", .text(entry.form)), ("bytes", .integer(entry.bytes)),
              ("bitsPerElement", .real(entry.bitsPerElement)),
              ("entropy", entry.entropy.map(JSONText.real) ?? .null),
              ("sharedWith", entry.sharedWith.map(JSONText.text) ?? .null),
              (
                "next",
                entry.next.map { .object([("form", .text($0.form)), ("bytes", .integer($0.bytes))]) } ?? .null
              ),
            ])
          })
      ),
      ("tensorBytes", .integer(ledger.bytes)),
      ("fileBytes", ledger.fileBytes.map(JSONText.integer) ?? .null),
    ])
  }
}
