package io.veloz.wal.legacy;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * The files of an old log in the order in which they were written, as their entries tell it: names are labels, and the
 * documented layout does not count what the engine counts. Stateless.
 */
final class OrderedFiles {
    /**
     * What is known of a file before it is read. Immutable.
     *
     * @param firstSequence of its first intact entry, or -1 if it has none
     * @param agreed whether the sequence of the next entry confirms it
     */
    record Known(Path path, String name, OptionalLong number, long firstSequence, long firstNanos, boolean agreed) {
        boolean hasEntries() {
            return firstSequence >= 0;
        }

        /** The engine names a file after the sequence before its first entry. */
        boolean hasEngineName() {
            return number.isPresent() && firstSequence == number.getAsLong() + 1;
        }

        Known named() {
            return new Known(path, name, number, number.orElse(-2) + 1, firstNanos, false);
        }
    }

    private OrderedFiles() {}

    static List<Known> of(List<Path> paths, String prefix) {
        List<Known> files = paths.stream().map(path -> look(path, prefix)).toList();
        List<Known> certain = files.stream().filter(Known::agreed).toList();
        // Sequences are covered by no checksum. A file of one entry has nothing to confirm it but its name, and that
        // only where the other files show that the engine gave the names.
        boolean engineNames = !certain.isEmpty() && certain.stream().allMatch(Known::hasEngineName);
        return files.stream()
                .map(file -> engineNames
                                && file.hasEntries()
                                && !file.agreed()
                                && file.number().isPresent()
                        ? file.named()
                        : file)
                .sorted(Comparator.comparing((Known file) -> !file.hasEntries())
                        .thenComparingLong(Known::firstSequence)
                        .thenComparingLong(Known::firstNanos)
                        .thenComparing(Known::name))
                .toList();
    }

    private static Known look(Path path, String prefix) {
        String name = String.valueOf(path.getFileName());
        OptionalLong number = LegacyNames.number(name, prefix);
        try (LegacyFile file = LegacyFile.open(path)) {
            EntryScanner scanner = new EntryScanner(file);
            EntryHeader first = scanner.nextIntact(0);
            if (first == null) {
                return new Known(path, name, number, -1, 0, false);
            }
            EntryHeader second = scanner.intactAt(first.end());
            EntryHeader third = second == null ? null : scanner.intactAt(second.end());
            long sequence = first.sequence();
            boolean agreed = second != null && second.sequence() == sequence + 1;
            if (!agreed && second != null && third != null && third.sequence() == second.sequence() + 1) {
                sequence = second.sequence() - 1;
                agreed = true;
            }
            return new Known(path, name, number, Math.max(0, sequence), first.timestampNanos(), agreed);
        }
    }
}
