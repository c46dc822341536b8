/**
 * The public API of the log: open, append, wait, read, checkpoint, trim. Start with {@link io.veloz.wal.Wal#open}.
 * Packages under {@code internal} may change at any time.
 */
@NullMarked
package io.veloz.wal;

import org.jspecify.annotations.NullMarked;
