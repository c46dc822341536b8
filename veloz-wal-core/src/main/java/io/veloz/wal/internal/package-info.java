/** Types shared by several internal packages. */
@NullMarked
package io.veloz.wal.internal;

import org.jspecify.annotations.NullMarked;
