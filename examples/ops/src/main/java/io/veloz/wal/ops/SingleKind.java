package io.veloz.wal.ops;

import java.util.Arrays;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Adapts a command for all kinds to one kind: other name, description and examples, fewer options. Stateless. */
final class SingleKind {
    private SingleKind() {}

    /** Replaces the examples by one, and keeps the exit codes. */
    static void adapt(CommandSpec spec, String name, String description, String example, Set<String> withoutOptions) {
        String all = spec.name();
        spec.name(name);
        for (String option : withoutOptions) {
            OptionSpec found = spec.findOption(option);
            if (found != null) {
                spec.remove(found);
            }
        }
        spec.usageMessage().description(description, "", "See `veloz-wal " + all + " --help`.");
        String[] footer = spec.usageMessage().footer();
        int blank = Arrays.asList(footer).indexOf("");
        String[] codes = Arrays.copyOfRange(footer, blank - 1, footer.length);
        codes[0] = "  veloz-wal " + name + " --profile backup.properties" + example;
        spec.usageMessage().footer(codes);
    }
}
