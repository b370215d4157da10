//! All end-to-end tests in one binary: each one links the whole of weft. One line a part.

mod configuration;
mod docs;
mod gpu_faults;
mod gpu_trace;
mod gpus;
mod halves;
mod hostile;
mod hostile_sql;
mod house;
mod http;
mod kubernetes;
mod notify;
mod restart;
mod simultaneous;
mod slurm;
mod transport;
mod watchdog;
