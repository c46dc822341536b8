package io.veloz.wal.archive.internal.read;

import java.util.List;

/** A file that is stored in parts. Only the parts that are read are fetched. Confined to one thread. */
final class PartsFile extends ReadOnlyFile {
    private final List<ObjectFile> parts;

    /** @param parts in their order; at least one */
    PartsFile(List<ObjectFile> parts) {
        this.parts = List.copyOf(parts);
    }

    @Override
    public long size() {
        return parts.stream().mapToLong(ObjectFile::size).sum();
    }

    @Override
    Piece at(long position) {
        long start = 0;
        for (ObjectFile part : parts) {
            if (position < start + part.size()) {
                return part.at(position - start).after(start);
            }
            start += part.size();
        }
        throw new IllegalArgumentException("position " + position + " of a file of " + start + " bytes");
    }

    @Override
    public void close() {
        super.close();
        parts.forEach(ObjectFile::close);
    }
}
