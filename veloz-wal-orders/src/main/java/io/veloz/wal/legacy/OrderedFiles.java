package io.veloz.wal.legacy;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * Sorts the files of an old log in the order in which they were written, by the sequences of their entries. The names are
 * not reliable, because the documented layout numbers files differently than the engine. Stateless.
 */
final class OrderedFiles {
    /**
     * A file and its first entry.
     *
     * @param firstSequence sequence of its first intact entry, or -1 if it has none
     * @param confirmed whether the sequences of the following entries confirm it
     */
    record OrderedFile(
            Path path, String name, OptionalLong number, long firstSequence, long firstNanos, boolean confirmed) {
        boolean hasEntries() {
            return firstSequence >= 0;
        }

        /** The engine names a file after the sequence before its first entry. */
        boolean hasEngineName() {
            return number.isPresent() && firstSequence == number.getAsLong() + 1;
        }

        OrderedFile withSequenceOfName() {
            return new OrderedFile(path, name, number, number.orElse(-2) + 1, firstNanos, false);
        }
    }

    private OrderedFiles() {}

    static List<OrderedFile> of(List<Path> paths, String prefix) {
        List<OrderedFile> files =
                paths.stream().map(path -> examine(path, prefix)).toList();
        List<OrderedFile> confirmed =
                files.stream().filter(OrderedFile::confirmed).toList();
        // No checksum covers the sequences. The sequence of a single entry can be confirmed only by the name of its
        // file,
        // and only if the other files show that the names are the engine's.
        boolean engineNames = !confirmed.isEmpty() && confirmed.stream().allMatch(OrderedFile::hasEngineName);
        return files.stream()
                .map(file -> engineNames
                                && file.hasEntries()
                                && !file.confirmed()
                                && file.number().isPresent()
                        ? file.withSequenceOfName()
                        : file)
                .sorted(Comparator.comparing((OrderedFile file) -> !file.hasEntries())
                        .thenComparingLong(OrderedFile::firstSequence)
                        .thenComparingLong(OrderedFile::firstNanos)
                        .thenComparing(OrderedFile::name))
                .toList();
    }

    private static OrderedFile examine(Path path, String prefix) {
        String name = String.valueOf(path.getFileName());
        OptionalLong number = LegacyNames.number(name, prefix);
        try (LegacyFile file = LegacyFile.open(path)) {
            EntryScanner scanner = new EntryScanner(file);
            EntryHeader first = scanner.nextIntact(0);
            if (first == null) {
                return new OrderedFile(path, name, number, -1, 0, false);
            }
            EntryHeader second = scanner.intactAt(first.end());
            EntryHeader third = second == null ? null : scanner.intactAt(second.end());
            long sequence = first.sequence();
            boolean confirmed = second != null && second.sequence() == sequence + 1;
            if (!confirmed && second != null && third != null && third.sequence() == second.sequence() + 1) {
                sequence = second.sequence() - 1;
                confirmed = true;
            }
            return new OrderedFile(path, name, number, Math.max(0, sequence), first.timestampNanos(), confirmed);
        }
    }
}
