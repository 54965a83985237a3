// SPDX-License-Identifier: Apache-2.0
/** Tests of {@code kdump.lab.engine.bus}. */
package kdump.lab.engine.bus;
