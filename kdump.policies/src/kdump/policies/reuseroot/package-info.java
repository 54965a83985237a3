// SPDX-License-Identifier: Apache-2.0

/** The hand-over of VT-d as it was agreed on before it was written. */
package kdump.policies.reuseroot;
