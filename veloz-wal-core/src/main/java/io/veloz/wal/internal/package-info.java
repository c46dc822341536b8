/** What several parts of the log share. */
@NullMarked
package io.veloz.wal.internal;

import org.jspecify.annotations.NullMarked;
