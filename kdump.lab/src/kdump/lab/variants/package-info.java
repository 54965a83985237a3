// SPDX-License-Identifier: Apache-2.0

/** Variants of policies as factory configurations. */
package kdump.lab.variants;
