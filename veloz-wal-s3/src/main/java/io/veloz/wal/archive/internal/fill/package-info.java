/** The second phase of a restore: fills in the older segments of a log that begins with its newest checkpoint. */
@NullMarked
package io.veloz.wal.archive.internal.fill;

import org.jspecify.annotations.NullMarked;
