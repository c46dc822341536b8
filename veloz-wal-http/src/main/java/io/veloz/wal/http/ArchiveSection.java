package io.veloz.wal.http;

import java.util.List;

/** The part of the endpoints about the archive. Without the optional module of the archive it is empty. */
interface ArchiveSection {
    ArchiveSection NONE = new ArchiveSection() {};

    default List<Check> checks() {
        return List.of();
    }

    default void writeMetrics(MetricsText out) {}

    /** Writes a field "archive"; nothing if the process does not ship. */
    default void writeStatus(Json json) {}
}
