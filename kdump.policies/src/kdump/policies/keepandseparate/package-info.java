// SPDX-License-Identifier: Apache-2.0

/** Sumner: old mappings stay, new ones lie elsewhere. */
package kdump.policies.keepandseparate;
