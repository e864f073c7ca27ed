import Skiff

/// What `skiff diagnose` shows of a compressed model.
struct DiagnosisText {
  private let diagnosis: Diagnosis

  init(_ diagnosis: Diagnosis) { self.diagnosis = diagnosis }

  /// For people: a table of the operators, those first that cost the most precision, and what to do.
  var text: String {
    var lines = [
      "\(diagnosis.operators.count) operators, \(diagnosis.comparedCount) of them compared with the source in \(diagnosis.runCount) runs"
    ]
    lines += diagnosis.outputs.map { "output '\($0.name)': \($0.summary)" }
    lines += TextTable(DiagnosisTable.columns, diagnosis.costliest.map(DiagnosisTable.cells)).lines
    let advice = diagnosis.advice
    lines.append(
      advice.isEmpty ? "nothing to do: no operator costs much, or much more than others" : "what to do:")
    return (lines + advice.map { "  \($0)" }).joined(separator: "\n")
  }
}

/// Columns that are as wide as their widest cell: words to the left, numbers to the right.
private struct TextTable {
  let lines: [String]

  init(_ columns: [DiagnosisTable.Column], _ rows: [[String]]) {
    let all = [columns.map(\.title)] + rows.map { $0.map(\.shortened) }
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    lines = all.map { row in
      let cells = row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return columns[column].isNumber ? padding + row[column] : row[column] + padding
      }
      return cells.joined(separator: "  ").trimmingTrailingSpaces
    }
  }
}

extension String {
  /// At most 60 characters: of a longer text its start and its end.
  fileprivate var shortened: String { count > 60 ? prefix(29) + "..." + suffix(28) : self }

  fileprivate var trimmingTrailingSpaces: String {
    String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)])
  }
}

extension Diagnosis {
  /// For programs.
  var jsonMembers: [(String, JSONText)] {
    [
      ("runs", .integer(runCount)), ("outputs", .list(outputs.map(\.json))),
      ("operators", .list(costliest.map(\.json))), ("advice", .list(advice.map(\.json))),
    ]
  }
}

extension CalibrationDiagnosis {
  /// For people: the inputs, and what was noticed.
  var text: String {
    var lines = ["\(runCount) samples"]
    lines += inputs.map { "input '\($0.name)': \($0.description)" }
    lines.append(findings.isEmpty ? "nothing was noticed" : "what was noticed:")
    return (lines + findings.map { "  \($0)" }).joined(separator: "\n")
  }

  /// For programs.
  var jsonMembers: [(String, JSONText)] {
    let inputs = inputs.map { input in
      JSONText.object([
        ("name", .text(input.name)),
        (
          "channels",
          .list(
            input.channels.map { channel in
              .object([
                ("mean", .real(channel.mean)), ("deviation", .real(channel.deviation)),
                ("least", .real(channel.least)), ("greatest", .real(channel.greatest)),
              ])
            })
        ),
      ])
    }
    return [
      ("samples", .integer(runCount)), ("inputs", .list(inputs)), ("findings", .list(findings.map(\.json))),
    ]
  }
}

extension DiagnosedOperator {
  fileprivate var json: JSONText {
    .object([
      ("name", .text(name)), ("recipeName", recipeName.map(JSONText.text) ?? .null),
      ("operator", .text(operatorName)), ("isQuantized", .boolean(isQuantized)),
      ("sqnr", signalToNoise.map(JSONText.real) ?? .null), ("sqnrBefore", .real(signalToNoiseBefore)),
      ("noiseAdded", noiseAdded.map(JSONText.real) ?? .null), ("isRescaled", .boolean(isRescaled)),
      ("uncomparedBefore", .integer(uncomparedBefore)),
      ("saturated", range.map { .real($0.saturatedShare) } ?? .null),
      ("unused", range.map { .real($0.unusedShare) } ?? .null),
      (
        "rounding",
        rounding.map {
          .object([
            ("share", .real($0.share)), ("largest", .integer($0.largest)), ("elements", .integer($0.count)),
          ])
        } ?? .null
      ),
      ("parameters", .integer(parameters)), ("zeros", .integer(zeros)),
      ("multiplyAccumulates", multiplyAccumulates.map(JSONText.integer) ?? .null),
      ("weightBytes", .integer(weightBytes)),
      ("activationBytes", activationBytes.map(JSONText.integer) ?? .null),
      ("intensity", intensity.map(JSONText.real) ?? .null), ("advice", .list(advice.map(\.json))),
    ])
  }
}

extension Finding {
  /// For programs.
  var json: JSONText {
    .object([
      ("kind", .text(kind.rawValue)), ("place", .text(place)), ("message", .text(message)),
      ("remedy", .text(remedy)),
    ])
  }
}
