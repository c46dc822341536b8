package io.veloz.wal.chronicle;

import java.util.OptionalLong;

/**
 * The result of an import. Immutable.
 *
 * @param documents the number of documents that this run appended
 * @param resumedAfter the number of documents that earlier runs had appended
 * @param lastIndex the index in the queue of the last document in the log; empty if there is none
 * @param lastSequence the sequence of its record; 0 if there is none
 */
public record ChronicleQueueImportReport(
        long documents, long resumedAfter, OptionalLong lastIndex, long lastSequence) {}
