package io.veloz.wal.ops.doctor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** All findings, the most severe first. Immutable. */
public record Findings(List<Finding> list) {
    public Findings {
        list = List.copyOf(list);
    }

    /** Applies all rules. */
    public static Findings of(Facts facts, Measured measured) {
        List<Finding> all = new ArrayList<>(FileSystemRules.apply(facts));
        all.addAll(ForceRules.apply(facts, measured));
        all.addAll(SpeedRules.apply(measured));
        all.addAll(MachineRules.apply(facts, measured));
        all.sort(Comparator.comparing(Finding::severity).reversed());
        return new Findings(all);
    }

    /** Returns the highest severity. */
    public Severity worst() {
        return list.stream()
                .map(Finding::severity)
                .max(Comparator.naturalOrder())
                .orElse(Severity.OK);
    }
}
