/** Tests of one file of a log, from inside the package. */
@NullMarked
package io.veloz.wal.internal.segment;

import org.jspecify.annotations.NullMarked;
