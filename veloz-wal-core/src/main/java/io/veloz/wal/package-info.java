/** The log's public API: open, append, wait, read, trim. Everything under {@code internal} may change at any time. */
@NullMarked
package io.veloz.wal;

import org.jspecify.annotations.NullMarked;
